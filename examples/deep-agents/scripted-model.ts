// A model that follows a script, so that the example needs no API key. Replace it with yours.
import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import type { ChatResult } from "@langchain/core/outputs";

/** The model's next turn: it calls a tool, or responds with the result of the last tool. */
export type Turn =
  | { readonly tool: string; readonly args: Readonly<Record<string, unknown>> }
  | { readonly answer: (lastResult: string) => string };

export class ScriptedModel extends BaseChatModel {
  readonly #turns: readonly Turn[];

  constructor(turns: readonly Turn[]) {
    super({});
    this.#turns = turns;
  }

  override _llmType(): string {
    return "scripted";
  }

  override bindTools(): this {
    return this;
  }

  override async _generate(messages: BaseMessage[]): Promise<ChatResult> {
    const said = messages.filter((message) => message.type === "ai").length;
    const turn = this.#turns[said] ?? { answer: () => "Done." };
    const message =
      "tool" in turn
        ? new AIMessage({
            content: "",
            tool_calls: [{ id: `call-${said}`, name: turn.tool, args: { ...turn.args } }],
          })
        : new AIMessage(turn.answer(messages.at(-1)?.text ?? ""));
    return { generations: [{ message, text: message.text }] };
  }
}
