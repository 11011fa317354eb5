// How an upsert of "Namespace" and of "NamespaceAgent" adds a delta to the row that is there: the part after SET. A row
// that has come to 0 is deleted by the next statement.

export const addedToNamespace = `
  "entryCount" = "Namespace"."entryCount" + excluded."entryCount",
  "sizeBytes" = "Namespace"."sizeBytes" + excluded."sizeBytes",
  "updatedAt" = CASE WHEN excluded."updatedAt" > "Namespace"."updatedAt"
    THEN excluded."updatedAt" ELSE "Namespace"."updatedAt" END`;

export const addedToAgent = `"referenceCount" = "NamespaceAgent"."referenceCount" + excluded."referenceCount"`;
