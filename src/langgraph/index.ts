/**
 * LangGraph's checkpointer on Baton: `import { BatonSaver } from "baton-store/langgraph"`. It needs the package
 * `@langchain/langgraph-checkpoint`, which LangGraph brings along.
 *
 * @packageDocumentation
 */
export { BatonSaver } from "./baton-saver.ts";
export type { BatonSaverOptions } from "./baton-saver.ts";
