# The server in an image of its own. In a clone of this repository:
#
#     docker build -t guardhouse:0.1.0 .
#
# docs/deploy.md says how to run it, compose.yaml is an example.

# The same Rust as in Cargo.toml, on the Debian that the image below has: the program links to its C library.
FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY argon2-simd argon2-simd
COPY entity entity
COPY migration migration
# Built into the program: the manual, which is also the defaults.
COPY config/guardhouse.toml config/
# Named in Cargo.toml, and not built.
COPY benches/main.rs benches/
COPY examples/notes_service.rs examples/
COPY tests/main.rs tests/
COPY src src
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin guardhouse && cp target/release/guardhouse /guardhouse


FROM debian:12.12-slim
# For a database or a Redis behind TLS.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /guardhouse /usr/local/bin/guardhouse
RUN install -d -o 10001 -g 10001 -m 0700 /var/lib/guardhouse

# What is so in every container. A variable wins over a file of --config, so change these two by variables as well. Everything else
# is left to your configuration.
ENV GUARDHOUSE__DATA_DIR=/var/lib/guardhouse \
    GUARDHOUSE__SERVER__BIND=0.0.0.0:8080

# A number, so that Kubernetes can see that it is not root.
USER 10001:10001
WORKDIR /var/lib/guardhouse
# The only place that is written to; with it the rest may be read-only (docker run --read-only).
VOLUME /var/lib/guardhouse
# Not the operators' port: it stays on 127.0.0.1 in the container.
EXPOSE 8080

# Whether it lives, not whether its stores do: a container that is started anew brings no database back.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["guardhouse", "health", "live"]
ENTRYPOINT ["guardhouse"]
CMD ["serve"]
