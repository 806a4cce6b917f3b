# mundap in a container: `docker build .` for CPU (the default), `docker build --target gpu .` to train on a GPU.
# BASE is any Debian or Ubuntu image with Python 3.11 or newer, or whose packages have it.
ARG BASE=python:3.12-slim-bookworm

FROM ${BASE} AS base
ENV DEBIAN_FRONTEND=noninteractive PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 LANG=C.UTF-8
# tesseract reads scans; a Korean font measures PDFs that do not carry theirs.
RUN apt-get update -q \
 && apt-get install -q -y --no-install-recommends tesseract-ocr tesseract-ocr-kor fonts-nanum \
    $(command -v python3 > /dev/null || echo python3) \
 && rm -rf /var/lib/apt/lists/*

# -- what is installed, made where pip and its helpers may stay behind --------------------------------------------------
FROM base AS build
RUN python3 -c 'import ensurepip' 2> /dev/null \
 || { apt-get update -q && apt-get install -q -y --no-install-recommends python3-venv; }
RUN python3 -m venv /opt/mundap
WORKDIR /build
# Without `fast`: numba weighs 208 MB and saves milliseconds from some 100,000 passages on.
ARG EXTRAS=docs,graph,keywords,llm,ocr,postgres,rerank,serve,ui
COPY pyproject.toml constraints.txt README.md LICENSE ./
# The dependencies are a layer of their own: a change of the code does not fetch them again.
RUN mkdir -p src/mundap && touch src/mundap/__init__.py \
 && /opt/mundap/bin/pip install --no-cache-dir --quiet --constraint constraints.txt ".[${EXTRAS}]"
COPY src src
RUN /opt/mundap/bin/pip install --no-cache-dir --quiet --no-deps --force-reinstall .

# PyPI's torch for Linux brings its CUDA libraries; the host needs its driver and the container toolkit only.
FROM build AS build-gpu
RUN /opt/mundap/bin/pip install --no-cache-dir --quiet --constraint constraints.txt torch \
 && /opt/mundap/bin/pip install --no-cache-dir --quiet --constraint constraints.txt ".[${EXTRAS},train]" tensorboard

# -- what runs ----------------------------------------------------------------------------------------------------------
FROM base AS run
RUN useradd --uid 10001 --user-group --create-home mundap \
 && mkdir -p /workspace /models /keys && chown mundap:mundap /workspace /models /keys
ENV PATH=/opt/mundap/bin:$PATH HF_HOME=/models
COPY --chmod=755 docker/start.sh /usr/local/bin/mundap-start
WORKDIR /workspace
VOLUME ["/workspace", "/models", "/keys"]
EXPOSE 8000 8501
USER mundap
HEALTHCHECK --interval=15s --timeout=5s --start-period=90s --retries=4 \
  CMD ["python3", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["mundap-start"]
CMD ["mundap", "serve", "--host", "0.0.0.0", "--port", "8000"]

FROM run AS gpu
COPY --from=build-gpu /opt/mundap /opt/mundap

FROM run AS cpu
COPY --from=build /opt/mundap /opt/mundap
