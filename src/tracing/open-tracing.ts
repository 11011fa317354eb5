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
  /** Sends what has not been sent, and stops. */
  close(): Promise<void>;
}

/** A collector that does not answer does not keep the server from its stop. */
const closeMs = 1_000;

/**
 * Sends spans by OTLP over HTTP. Where to, with which headers, which traces and how often is said by the environment
 * variables that OpenTelemetry defines, such as `OTEL_EXPORTER_OTLP_ENDPOINT` and `OTEL_TRACES_SAMPLER`.
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
