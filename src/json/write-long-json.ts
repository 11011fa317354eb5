import { JsonText } from "./json-text.ts";
import { stepUnits, type Steps } from "./long-value-parts.ts";
import { writeJson, writeName } from "./write-json.ts";

/** A JSON text in parts. The parts of a long text are never joined. */
export type TextParts = readonly string[];

/**
 * Writes the same text as `writeJson`, in steps and in parts. Each part has about 64 Ki units. A longer text of type JSON
 * is a separate part.
 */
export function* writeLongJson(value: unknown): Steps<TextParts> {
  const writer = new PartsWriter();
  yield* writer.write(value);
  return writer.end();
}

class PartsWriter {
  readonly #parts: string[] = [];
  #text = "";

  *write(value: unknown): Steps<void> {
    if (Array.isArray(value)) {
      this.#text += "[";
      for (let index = 0; index < value.length; index++) {
        if (index > 0) this.#text += ",";
        if (this.#add(value[index])) yield* this.#step(value[index]);
      }
      this.#text += "]";
    } else if (isPlainObject(value)) {
      let separator = "{";
      for (const name of Object.keys(value)) {
        const member = value[name];
        if (member === undefined) continue;
        this.#text += separator + writeName(name);
        separator = ",";
        if (this.#add(member)) yield* this.#step(member);
      }
      this.#text += separator === "{" ? "{}" : "}";
    } else {
      this.#add(value);
    }
  }

  end(): TextParts {
    this.#cut();
    return this.#parts;
  }

  /** Adds a leaf. Returns whether more is to do: an item to enter, or a step to end. */
  #add(value: unknown): boolean {
    if (Array.isArray(value) || isPlainObject(value)) return true;
    if (value instanceof JsonText && value.text.length > stepUnits) {
      this.#cut();
      this.#parts.push(value.text);
      return true;
    }
    this.#text += writeJson(value);
    return this.#text.length > stepUnits;
  }

  *#step(value: unknown): Steps<void> {
    if (Array.isArray(value) || isPlainObject(value)) yield* this.write(value);
    if (this.#text.length > stepUnits) this.#cut();
    if (this.#text === "") yield;
  }

  #cut(): void {
    if (this.#text !== "") this.#parts.push(this.#text);
    this.#text = "";
  }
}

/** Whether `writeJson` writes the value member by member. */
function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === "object" &&
    value !== null &&
    !(value instanceof JsonText) &&
    !("toJSON" in value && typeof value.toJSON === "function")
  );
}
