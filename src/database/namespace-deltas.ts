// The part after SET of an upsert of "Namespace" and of "NamespaceAgent", which adds a delta to an existing row. The next
// statement deletes a row that has reached 0.

export const addedToNamespace = `
  "entryCount" = "Namespace"."entryCount" + excluded."entryCount",
  "sizeBytes" = "Namespace"."sizeBytes" + excluded."sizeBytes",
  "updatedAt" = CASE WHEN excluded."updatedAt" > "Namespace"."updatedAt"
    THEN excluded."updatedAt" ELSE "Namespace"."updatedAt" END`;

export const addedToAgent = `"referenceCount" = "NamespaceAgent"."referenceCount" + excluded."referenceCount"`;
