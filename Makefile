.PHONY: test test-live demo docs site lock bench

test:
	.ci/test

# Against a real kube-apiserver, which is built once (about six minutes on two cores).
test-live:
	.ci/live

demo:
	.ci/demo

lock:
	uv pip compile --universal --quiet --no-header --no-annotate --generate-hashes --only-binary :all: --python-version 3.10 \
	  pyproject.toml -o requirements.lock
	uv pip compile --universal --quiet --no-header --no-annotate --generate-hashes --only-binary :all: --python-version 3.10 \
	  pyproject.toml --group dev -o requirements-dev.lock
	echo 'cyclonedx-bom>=7' | uv pip compile --universal --quiet --no-header --no-annotate --generate-hashes --only-binary :all: \
	  --python-version 3.12 - -o deploy/container/sbom.lock

docs:
	python docs/generate.py

site: docs
	mkdocs build --strict

bench:
	python benchmarks/run.py --plot docs/performance.svg
	python benchmarks/targets.py
	python benchmarks/work.py
	python benchmarks/page.py
