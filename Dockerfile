# gitops-kong with helm and kustomize, for CI jobs. Build: docker build --tag gitops-kong .
FROM golang:1.26-bookworm AS renderers
ENV CGO_ENABLED=0 GOFLAGS=-trimpath
RUN go install helm.sh/helm/v3/cmd/helm@v3.17.3 \
 && go install sigs.k8s.io/kustomize/kustomize/v5@v5.6.0

FROM python:3.12-slim-bookworm AS package
WORKDIR /source
RUN python -m venv /opt/gitops-kong
COPY requirements.lock ./
RUN /opt/gitops-kong/bin/pip install --no-cache-dir --only-binary :all: --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY policies policies
COPY gitops_kong gitops_kong
RUN /opt/gitops-kong/bin/pip install --no-cache-dir --no-deps .

FROM python:3.12-slim-bookworm
LABEL org.opencontainers.image.title="gitops-kong" \
      org.opencontainers.image.description="Says before the merge what Kong Ingress Controller and Kong Gateway will do with a GitOps repository." \
      org.opencontainers.image.licenses="Apache-2.0"
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --user-group --create-home gitops-kong
COPY --from=renderers /go/bin/helm /go/bin/kustomize /usr/local/bin/
COPY --from=package /opt/gitops-kong /opt/gitops-kong
# A clone that is mounted at /work may belong to another user. Others are for whoever mounts them to trust.
RUN git config --system --add safe.directory /work
ENV PATH=/opt/gitops-kong/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /work
ENTRYPOINT ["gitops-kong"]
CMD ["--help"]
