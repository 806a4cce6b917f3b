# mundap: `make demo` and `make test` set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo
# Tests on all processors, but on no more than memory has room for; those of one file stay together, for they share servers.
SPREAD := -n auto --maxprocesses 4 --dist loadfile
# Files come in the order of tests/conftest.py, the longest first.
ORDERED := $(SPREAD) --no-loadscope-reorder
# With COVERAGE=1 every run of tests adds what it has run of the lines and branches to build/coverage.
PYTEST := $(BIN)/pytest -q $(if $(COVERAGE),--cov --cov-append --cov-report= --cov-fail-under=0)
# Files of the quick tests lie in memory where there is room: who makes them durable waits for no disk. Others lie on the disk.
IN_MEMORY := $(shell [ "$$(df -Pk /dev/shm 2> /dev/null | awk 'NR == 2 {print $$4}')" -gt 2000000 ] 2> /dev/null && ! grep -q ' /dev/shm .*noexec' /proc/mounts && echo TMPDIR=/dev/shm)
QUICK_FLOOR := 70# percent of lines and branches; the quick tests ran 72.7 when this was set
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# What is never imported is most of some packages: the rest is compiled when it is imported.
LATE := --no-compile
# Or every process that tests start would compile what it imports, and each worker all the tests.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup setup-dev setup-train setup-ocr setup-browser setup-servers setup-system screenshots demo up test check lint quick fix slow fuzz chaos cluster-test golden golden-documents bench docs standards image-test coverage measured hooks lock lock-check sbom audit release-check clean

setup: $(VENV)/.base
setup-dev: $(VENV)/.dev
setup-train: $(VENV)/.train

$(VENV)/bin/python:
	@echo "── 가상 환경을 만듭니다 ($(VENV))"
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("mundap은 Python 3.11 이상이 필요합니다. PYTHON=python3.11 make …")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "── 설치합니다 (기본 구성: torch와 GPU가 필요 없습니다)"
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	@touch $@

# With the readers of HWP, PDF and DOCX: what people have.
$(VENV)/.docs: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "── 설치합니다 (HWP, PDF, DOCX 읽기 포함. torch와 GPU가 필요 없습니다)"
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[docs]'
	@touch $@ $(VENV)/.base

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "── 개발 도구를 함께 설치합니다"
	$(BIN)/pip install --quiet $(LATE) --constraint constraints.txt --editable '.[dev]'
	@touch $@ $(VENV)/.base

$(VENV)/.ui: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "── API와 웹 페이지를 함께 설치합니다"
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[docs,serve,ui]'
	@touch $@ $(VENV)/.base

$(VENV)/.site: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "── 문서 사이트를 만드는 도구까지 설치합니다"
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[serve,site]'
	@touch $@ $(VENV)/.base

# torch comes first: what is installed after it takes the build that is there.
$(VENV)/.train: $(VENV)/.dev
	@echo "── 학습에 필요한 패키지(torch)를 설치합니다"
	$(BIN)/pip install --quiet $(LATE) --constraint constraints.txt torch
	$(BIN)/pip install --quiet $(LATE) --constraint constraints.txt --editable '.[dev,qlora,train]' tensorboard
	@touch $@

$(VENV)/.release: $(VENV)/.dev
	@echo "── 배포에 필요한 도구를 설치합니다"
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev,release]'
	@touch $@

demo: $(VENV)/.docs
	@rm -rf $(DEMO)
	@echo "── 예제 자료로 작업 폴더를 만듭니다 ($(DEMO))"
	@$(BIN)/mundap init $(DEMO) --example customs-mini > /dev/null
	$(BIN)/mundap ingest --workspace $(DEMO)
	$(BIN)/mundap index --workspace $(DEMO)
	@for question in "해외직구 면세 한도가 얼마인가요?" "이사화물 통관예약을 하면 뭐가 좋나요?" "화성의 위성은 몇 개인가요?"; do \
	  echo; echo "질문: $$question"; \
	  $(BIN)/mundap ask "$$question" --workspace $(DEMO) || exit 1; \
	done
	@echo "── 다음 단계"
	@echo "  $(BIN)/mundap chat --workspace $(DEMO)                      대화하기"
	@echo "  make up                                                      브라우저에서 사용하기"
	@echo "  $(BIN)/mundap evaluate retrieval --questions $(DEMO)/questions.csv --workspace $(DEMO)   검색 성능 평가하기"
	@echo "  $(BIN)/mundap init mybot                                    내 문서로 시작하기: mybot/docs에 파일을 넣은 뒤 실행"
	@echo "  $(BIN)/mundap ingest --workspace mybot && $(BIN)/mundap index --workspace mybot"

# The API and the page over the sample.
up: $(VENV)/.ui
	@[ -d $(DEMO) ] || $(MAKE) --no-print-directory demo
	$(BIN)/mundap up --workspace $(DEMO)

# In less than a minute: types and form are checked while the tests run, and a test that takes a second is a slow one. Properties are tried on few examples here, and on more by `make test`.
check: setup-dev
	@$(MAKE) --no-print-directory --jobs 2 lint quick

lint: setup-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.lock --check

quick: setup-dev
	$(IN_MEMORY) $(PYTEST) $(SPREAD) tests/unit tests/contracts -m quick --hypothesis-profile quick -p no:schemathesis

fix: setup-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# What the tests of scanned pages need; where it cannot be installed, they are skipped and say so.
setup-ocr:
	@tesseract --list-langs 2>/dev/null | grep -q '^kor' || { [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null && \
	  apt-get update -q > /dev/null && apt-get install -q -y --no-install-recommends tesseract-ocr tesseract-ocr-kor fonts-nanum > /dev/null; } || \
	  echo "── tesseract가 없어 OCR 테스트를 건너뜁니다. 설치: apt-get install tesseract-ocr tesseract-ocr-kor"

# What the tests of the page need; where it cannot be installed, they are skipped and say so.
setup-browser:
	@command -v chromium > /dev/null || command -v google-chrome > /dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null && \
	  apt-get update -q > /dev/null && apt-get install -q -y --no-install-recommends chromium fonts-nanum > /dev/null; } || \
	  echo "── chromium이 없어 웹 페이지 테스트를 건너뜁니다. 설치: apt-get install chromium fonts-nanum"

# What the tests of mailboxes, of PostgreSQL and of several servers behind one address need; where it cannot be installed, they are skipped and say so. Neither is
# started by itself.
setup-servers:
	@[ -x /usr/sbin/dovecot ] || command -v dovecot > /dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null && \
	  apt-get update -q > /dev/null && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends dovecot-imapd > /dev/null; } || \
	  echo "── Dovecot이 없어 메일함 테스트를 건너뜁니다. 설치: apt-get install dovecot-imapd"
	@ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1 || command -v initdb > /dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null && \
	  apt-get update -q > /dev/null && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends postgresql > /dev/null; } || \
	  echo "── PostgreSQL이 없어 그 테스트를 건너뜁니다. 설치: apt-get install postgresql"
	@[ -x /usr/sbin/haproxy ] || command -v haproxy > /dev/null || command -v nginx > /dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null && \
	  apt-get update -q > /dev/null && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends haproxy > /dev/null; } || \
	  echo "── HAProxy가 없어 여러 서버를 함께 쓰는 테스트를 건너뜁니다. 설치: apt-get install haproxy"

# The pictures in docs/images, made by the tests of the page.
screenshots: setup-dev setup-browser
	MUNDAP_SCREENSHOTS=docs/images $(BIN)/pytest tests/browser/test_page.py tests/browser/test_visitors.py tests/browser/test_widget.py -q

# What the package manager of the system installs; two of these at once would wait for each other's lock.
setup-system:
	@for each in ocr browser servers; do $(MAKE) --no-print-directory setup-$$each || exit 1; done

# The quick tests are measured as they run; what measuring all costs, and what all come to, says `make coverage`. Those of
# properties run again, on more examples.
test:
	@$(MAKE) --no-print-directory --jobs 2 setup-system setup-dev
	@rm -rf build/coverage
	@$(MAKE) --no-print-directory check COVERAGE=1
	@echo "── 빠른 테스트의 커버리지(%)"
	$(BIN)/coverage report --format=total --fail-under=$(QUICK_FLOOR)
	@$(MAKE) --no-print-directory setup-train
	$(PYTEST) $(ORDERED) tests -m "not quick or hypothesis"
	@$(MAKE) --no-print-directory standards

# LangChain's own tests. They stand apart: with them come plugins that change how pytest runs everything else.
standards: setup-dev
	$(BIN)/pip install --quiet --upgrade --no-deps --target build/standards -c constraints.txt langchain-tests pytest-asyncio pytest-socket syrupy vcrpy
	PYTHONPATH=build/standards $(BIN)/pytest -q tests/standards -o addopts=--import-mode=importlib \
	  --asyncio-mode=auto -o asyncio_default_fixture_loop_scope=function -W ignore::pytest.PytestUnknownMarkWarning

# Those tests too that take too many minutes for every run.
slow: setup-train
	MUNDAP_LONG=1 $(BIN)/pytest tests -m slow

# `make test`, and which lines and branches it runs, in commands and servers that tests start too: it runs nothing besides, so
# whoever runs this need not run that. FILES="tests/unit/test_fuse.py …" for some tests alone. What is not counted is in
# pyproject.toml, with why; below its `fail_under` this fails, except for some files alone.
coverage: setup-ocr setup-browser setup-servers setup-train
	@rm -rf build/coverage
	@$(MAKE) --no-print-directory $(if $(FILES),measured,test) COVERAGE=1
	$(BIN)/coverage html --quiet --fail-under=0
	$(BIN)/coverage report $(if $(FILES),--fail-under=0)

measured:
	$(PYTEST) $(SPREAD) $(FILES)

# The checks of .pre-commit-config.yaml before each commit of this checkout.
hooks: setup-dev
	$(BIN)/pre-commit install

lock: $(VENV)/.release
	$(BIN)/python -m tools.lock

lock-check: setup-dev
	$(BIN)/python -m tools.lock --check

# What is installed, for those who must list it (CycloneDX), and what of it is known to be vulnerable. The second asks the network.
sbom: $(VENV)/.release
	@mkdir -p build
	$(BIN)/cyclonedx-py requirements requirements.lock --output-format JSON --output-file build/sbom.json
audit: $(VENV)/.release
	$(BIN)/pip-audit --requirement requirements.lock --require-hashes --disable-pip

# docs/releasing.md; installs the wheel on every Python that is there.
release-check: $(VENV)/.release
	$(BIN)/python -m tools.release

fuzz: setup-dev
	$(BIN)/python -m tests.fuzz --n $(or $(N),10000) $(if $(FAMILY),--family $(FAMILY))

# A thousand kills over ingest, index, upload, delete, vote, reload and backup. N=50 for some.
chaos: setup-dev
	$(BIN)/python -m tests.chaos --n $(or $(N),1000)

# PostgreSQL with a standby, Milvus Lite, S3, workers and two servers behind HAProxy on this machine, of which a hundred are
# killed while they are used. N=10 for some.
cluster-test: setup-servers setup-dev
	$(BIN)/python -m tests.cluster --n $(or $(N),100)

golden: setup-dev
	$(BIN)/python -m tests.golden.write

# The real documents beside the checkout: figures are kept, their Markdown goes to build/documents to be read by eye.
golden-documents: setup-dev
	$(BIN)/python -m tests.golden.shared

# The site of the documents; a broken link or a stale reference fails.
docs: $(VENV)/.site
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "── build/site/index.html (찾기까지 쓰려면: $(BIN)/python -m http.server --directory build/site)"

bench: setup-dev
	$(BIN)/python benchmarks/search.py

# The container image, really built and run, without an engine or an image registry. As root; some minutes.
image-test: setup-dev
	@command -v buildah > /dev/null && command -v debootstrap > /dev/null || \
	  { apt-get update -q > /dev/null && apt-get install -q -y --no-install-recommends buildah debootstrap > /dev/null; }
	MUNDAP_IMAGE_TEST=1 $(BIN)/pytest tests/image -q

clean:
	rm -rf $(VENV) $(DEMO) build/site .mypy_cache .ruff_cache .pytest_cache .hypothesis
