import { useMemo } from "preact/hooks";
import type { LogChange } from "../change-log.ts";
import { namespaces } from "../namespaces.ts";
import { withParams } from "../route.ts";
import { Icon } from "../ui/icons.tsx";
import { kindNames } from "./change-row.tsx";

interface ActivityFiltersProps {
  readonly all: readonly LogChange[];
  /** Changes when the changes change. */
  readonly version: unknown;
  readonly agent: string;
  readonly kind: string;
  readonly ns: string;
}

/** Filters the changes by agent, by kind, and by the beginning of the namespace. The address contains all three. */
export function ActivityFilters({ all, version, agent, kind, ns }: ActivityFiltersProps) {
  const agents = useMemo(() => {
    const names = new Set(all.map((change) => change.agent ?? ""));
    // Those whose changes are further back than the log here, too.
    for (const info of namespaces.value?.values() ?? []) {
      for (const name of info.agents) names.add(name);
    }
    names.delete("");
    if (agent !== "") names.add(agent);
    return [...names].sort();
  }, [all, version, agent, namespaces.value]);
  return (
    <div class="filters">
      <label>
        <span>Agent</span>
        <select
          value={agent}
          onChange={(event) => withParams({ agent: event.currentTarget.value }, true)}
        >
          <option value="">all agents</option>
          {agents.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>Kind</span>
        <select
          value={kind}
          onChange={(event) => withParams({ kind: event.currentTarget.value }, true)}
        >
          <option value="">all kinds</option>
          {Object.entries(kindNames).map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <div class="field">
        <Icon name="search" size={14} />
        <input
          type="search"
          aria-label="Only namespaces that begin with"
          placeholder="Only namespaces that begin with …"
          value={ns}
          onInput={(event) => withParams({ ns: event.currentTarget.value }, true)}
        />
      </div>
    </div>
  );
}
