# gitops-kong with git, helm and kustomize, for CI jobs and hooks. Build: docker build --tag gitops-kong .
# The base images have no digest here: one that nobody renews keeps what has been mended since. docs/container.md says how to
# build with the digests that you have looked at.
ARG GO_IMAGE=golang:1.26-bookworm
ARG PYTHON_IMAGE=python:3.12-slim-bookworm

FROM ${GO_IMAGE} AS renderers
ENV CGO_ENABLED=0 GOFLAGS=-trimpath
RUN go install helm.sh/helm/v3/cmd/helm@v3.17.3 \
 && go install sigs.k8s.io/kustomize/kustomize/v5@v5.6.0

FROM ${PYTHON_IMAGE} AS package
WORKDIR /source
RUN python -m venv /opt/gitops-kong
COPY requirements.lock ./
RUN /opt/gitops-kong/bin/pip install --no-cache-dir --only-binary :all: --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY docs/man docs/man
COPY policies policies
COPY gitops_kong gitops_kong
RUN /opt/gitops-kong/bin/pip install --no-cache-dir --no-deps .
# the bill of materials is made by a tool of its own environment, which does not reach the image
COPY deploy/container/sbom.lock ./
RUN python -m venv /opt/sbom \
 && /opt/sbom/bin/pip install --no-cache-dir --only-binary :all: --require-hashes -r sbom.lock \
 && /opt/sbom/bin/cyclonedx-py environment --output-reproducible --pyproject pyproject.toml \
      --output-file /opt/gitops-kong/sbom.cdx.json /opt/gitops-kong/bin/python

FROM ${PYTHON_IMAGE}
ARG REVISION=unknown
LABEL org.opencontainers.image.title="gitops-kong" \
      org.opencontainers.image.description="Says before the merge what Kong Ingress Controller and Kong Gateway will do with a GitOps repository." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="https://github.com/gitops-kong/gitops-kong" \
      org.opencontainers.image.licenses="Apache-2.0"
# Debian's security updates are wanted, so no versions are named.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git openssh-client \
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
