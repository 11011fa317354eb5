# docker build -t baton .
# docker run --name baton -p 4000:4000 -v baton:/data baton
# docker exec baton baton token create --user alice
#
# On SQLite in /data, or with -e DATABASE_URL=postgresql://… on PostgreSQL: then /data has local.token alone. compose.yaml
# has two instances on one PostgreSQL, behind a proxy.

# Debian's C library, not Alpine's: the tests run on it, with the same build of SQLite.
FROM node:24-slim@sha256:cd84903a12dbd26b46f1f3b8144a2568c41c5d37ddd0c7a80a34c7a19786b35f AS base

FROM base AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json build-if-needed.mjs bundle.mjs ./
COPY prisma prisma
COPY src src
RUN npm run build && chmod +x dist/cli/baton.js

# What running it needs, 20 MB of 700. Prisma's command line and TypeScript count as optional to npm, and so does the
# one optional package that is needed: SQLite itself. It is set aside meanwhile.
RUN mv node_modules/@libsql/linux-*-gnu* /tmp/ \
  && npm prune --ignore-scripts --omit=dev --omit=optional \
  && mv /tmp/linux-*-gnu* node_modules/@libsql/ \
  && find dist node_modules -type f ! -iname '*licen[cs]e*' \
    \( -name '*.map' -o -name '*.ts' -o -name '*.[cm]ts' -o -name '*.md' -o -name .tsbuildinfo \) -delete \
  # Prisma's compilers for other databases, and each a second time for require().
  && (cd node_modules/@prisma/client/runtime \
    && rm -f ./*_small_* ./*cockroachdb* ./*mysql* ./*sqlserver* ./*wasm-base64.js ./*-edge*)

FROM base
WORKDIR /app
COPY package.json schema.graphql LICENSE ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/prisma prisma
COPY --from=build /app/dist dist
RUN ln -s /app/dist/cli/baton.js /usr/local/bin/baton \
  && install -d -m 700 -o node -g node /data
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4000 BATON_DATA_DIR=/data
VOLUME /data
EXPOSE 4000
# The user node, by number, so that an orchestrator sees that it is not root.
USER 1000:1000
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.BATON_PORT || process.env.PORT}/health/ready`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# No shell and no npm between: node is process 1 and gets the signals.
ENTRYPOINT ["baton"]
CMD ["serve"]
