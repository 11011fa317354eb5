import { randomUUID } from "node:crypto";
import { setGlobalErrorHandler } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from "@opentelemetry/resources";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import type { Logger } from "pino";
import { packageVersion } from "../package-version.ts";
import { within } from "../within.ts";
import { Tracing } from "./tracing.ts";

/** Traces that are sent to a collector. */
export interface OpenTracing {
  readonly tracing: Tracing;
  /** Sends the spans that have not been sent, and stops. */
  close(): Promise<void>;
}

/** A collector that does not respond does not prevent the server from stopping. */
const closeMs = 1_000;

/**
 * Sends spans by OTLP over HTTP. The environment variables that OpenTelemetry defines set the address, the headers, the
 * sampling and the interval: `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_TRACES_SAMPLER` and others.
 */
export function openTracing(logger: Logger): OpenTracing {
  setGlobalErrorHandler((error) => logger.warn({ err: error }, "sending traces failed"));
  const own = resourceFromAttributes({
    "service.name": "baton",
    "service.version": packageVersion(),
    "service.instance.id": randomUUID(),
  });
  const provider = new BasicTracerProvider({
    resource: defaultResource()
      .merge(own)
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  return {
    tracing: new Tracing(provider.getTracer("baton", packageVersion())),
    close: () => within(closeMs, provider.shutdown(), () => {}).catch(() => {}),
  };
}
