# Headgate in a container: protected mode, a key that is printed once, everything it keeps in /data.
#
#   docker build -t headgate .
#   docker run -p 4100:4100 -v headgate:/data -e OPENAI_API_KEY=sk-... headgate

FROM python:3.11-slim AS build
WORKDIR /src
RUN pip install --no-cache-dir uv==0.13.9
COPY pyproject.toml README.md LICENSE NOTICE requirements.lock ./
COPY src src
RUN uv build --wheel --out-dir /wheels

FROM python:3.11-slim
RUN useradd --system --uid 4100 --home-dir /data --shell /usr/sbin/nologin headgate \
 && install -d -m 700 -o headgate -g headgate /data
COPY --from=build /wheels /wheels
COPY requirements.lock /wheels/
# the versions of the lock, but only what the wheel needs of them
RUN pip install --no-cache-dir uv==0.13.9 \
 && uv pip install --system --no-cache --only-binary :all: /wheels/*.whl --constraint /wheels/requirements.lock \
 && pip uninstall --yes --quiet uv && rm -rf /wheels
COPY deploy/entrypoint.sh /usr/local/bin/headgate-entrypoint

USER headgate
WORKDIR /data
VOLUME /data
ENV HEADGATE_DATA_DIR=/data HEADGATE_HOST=0.0.0.0 HEADGATE_PORT=4100 HEADGATE_LOG_JSON=true PYTHONUNBUFFERED=1
EXPOSE 4100
# open streams get their time before the kill
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["python3", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['HEADGATE_PORT'] + '/health', timeout=2)"]
ENTRYPOINT ["headgate-entrypoint"]
CMD ["serve"]
