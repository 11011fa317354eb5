import { graphql } from "./graphql.ts";

export const storeReport = graphql(`
  mutation StoreReport($input: SetEntryInput!) {
    setEntry(input: $input) {
      entry {
        revision
        updatedAt
      }
      revision
    }
  }
`);

export const reports = graphql(`
  query Reports($namespace: String!, $first: Int) {
    entries(namespace: $namespace, keyPrefix: "report/", first: $first) {
      nodes {
        key
        value
        updatedBy
      }
    }
  }
`);

export const removeReport = graphql(`
  mutation RemoveReport($input: DeleteEntryInput!) {
    deleteEntry(input: $input) {
      deleted
    }
  }
`);

export const reportChanged = graphql(`
  subscription ReportChanged($namespace: String!, $after: Revision!) {
    entryChanged(namespace: $namespace, keyPrefix: "report/", after: $after) {
      kind
      revision
      key
      entry {
        value
      }
    }
  }
`);
