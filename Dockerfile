# The container image: docker build -t flow-exporter . && docker run -p 9590:9590 flow-exporter --brokers=…
# docs/packages.md describes its use. Both stages come from the same Debian: the second one has the libraries that the
# first one builds with.
ARG BASE=docker.io/library/debian:bookworm-slim

FROM ${BASE} AS build
RUN apt-get update -q && apt-get install -y -q --no-install-recommends \
        autoconf automake libtool make gcc libc6-dev pkg-config dpkg-dev \
        libcrypt-dev libgnutls28-dev libisal-dev libjson-c-dev libltdl-dev libmicrohttpd-dev librdkafka-dev libyaml-dev libzstd-dev
WORKDIR /src
COPY . .
RUN autoreconf -fi && ./configure --quiet --disable-static --prefix=/usr --sysconfdir=/etc --libdir=/usr/lib \
    && make -s -j"$(nproc)" && make -s install-strip DESTDIR=/image && find /image -name '*.la' -delete
# The running program needs no headers, manuals and units. The names of the libraries' packages differ between releases
# of Debian (libmicrohttpd12, libmicrohttpd12t64). So the packages are found by the libraries that the programs are
# linked with.
RUN rm -r /image/usr/include /image/usr/lib/pkgconfig /image/usr/lib/libflow-exporter.so /image/usr/lib/systemd /image/usr/share/man \
        /image/usr/share/doc /image/usr/share/bash-completion \
    && install -D -m 644 LICENSE /image/usr/share/doc/flow-exporter/LICENSE \
    && mkdir -p /needs/debian && cd /needs && printf 'Source: x\n\nPackage: x\nArchitecture: any\n' >debian/control \
    && dpkg-shlibdeps -O -l/image/usr/lib --ignore-missing-info /image/usr/bin/flow-exporter /image/usr/lib/*.so.1 \
        /image/usr/lib/flow-exporter/*.so >needs && sed -n 's/^shlibs:Depends=//p' needs | tr ',' '\n' | sed 's/^ *//; s/ .*//' >/packages \
    && grep -q librdkafka /packages

FROM ${BASE}
# All in one layer, so that the image has no lists and caches. ca-certificates is for Kafka with TLS.
RUN --mount=type=bind,from=build,source=/packages,target=/packages \
    apt-get update -q && apt-get install -y -q --no-install-recommends ca-certificates $(cat /packages) \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/* /var/log/* \
    && install -d -m 700 -o 65532 -g 65532 /var/lib/flow-exporter
COPY --from=build /image/ /
# A number shows Kubernetes that the user is not root.
USER 65532:65532
# The program writes only here: the root file system may be read-only.
ENV STATE_DIRECTORY=/var/lib/flow-exporter
VOLUME /var/lib/flow-exporter
EXPOSE 9590
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["flow-exporter", "health"]
ENTRYPOINT ["flow-exporter"]
