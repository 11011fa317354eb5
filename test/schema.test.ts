import {
  isInputObjectType,
  isIntrospectionType,
  isObjectType,
  isEnumType,
  isScalarType,
  specifiedScalarTypes,
} from "graphql";
import { expect, test } from "vitest";
import { printedSchema, schema } from "../src/schema/schema.ts";

test("schema.graphql corresponds to the code (npm run schema writes it)", async () => {
  await expect(printedSchema()).toMatchFileSnapshot("../schema.graphql");
});

test("every type, field, argument and enum value is described", () => {
  const undescribed: string[] = [];
  const note = (place: string, { description }: { description?: string | null | undefined }) => {
    if (!description) undescribed.push(place);
  };
  for (const type of Object.values(schema.getTypeMap())) {
    const builtIn =
      isScalarType(type) && specifiedScalarTypes.some(({ name }) => name === type.name);
    if (builtIn || isIntrospectionType(type)) continue;
    note(type.name, type);
    if (isEnumType(type)) {
      for (const value of type.getValues()) note(`${type.name}.${value.name}`, value);
    }
    if (!isObjectType(type) && !isInputObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      note(`${type.name}.${field.name}`, field);
      for (const argument of "args" in field ? field.args : []) {
        note(`${type.name}.${field.name}(${argument.name})`, argument);
      }
    }
  }
  expect(undescribed).toEqual([]);
});
