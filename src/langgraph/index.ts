/**
 * LangGraph's checkpointer and store on Baton: `import { BatonSaver, BatonStore } from "baton-store/langgraph"`. They need
 * the package `@langchain/langgraph-checkpoint`, which LangGraph depends on.
 *
 * @packageDocumentation
 */
export { BatonSaver } from "./baton-saver.ts";
export type { BatonSaverOptions } from "./baton-saver.ts";
export { BatonStore } from "./baton-store.ts";
export type { BatonStoreOptions, PutOptions, TtlOptions } from "./baton-store.ts";
