/** What must not be answered from memory just now, because somebody is about to commit a change of it. */
import type { MetadataChange } from '../../../ports/metadata.ts';

export interface Blocks {
  add(node: string, number: number, change: MetadataChange): void;
  /** Answers what was blocked, unless it was not. */
  end(node: string, number: number): MetadataChange | undefined;
  /** Ends all that this node began; answers what was blocked. */
  endNode(node: string): MetadataChange[];
  /** Ends all but what this node began: for when nobody tells any more. */
  endAllBut(node: string): void;
  /** All that is blocked; undefined for nothing, as it is nearly always. */
  current(): MetadataChange | undefined;
}

export function createBlocks(): Blocks {
  const byNode = new Map<string, Map<number, MetadataChange>>();
  let union: MetadataChange | undefined;

  function rebuild(): void {
    const ids = new Set<number>();
    union = undefined;
    for (const changes of byNode.values()) {
      for (const change of changes.values()) {
        if (change.kind === 'everything') {
          union = change;
          return;
        }
        for (const id of change.ids) ids.add(id);
      }
    }
    if (ids.size > 0) union = { kind: 'repositories', ids };
  }

  return {
    add(node, number, change) {
      const changes = byNode.get(node);
      if (changes === undefined) byNode.set(node, new Map([[number, change]]));
      else changes.set(number, change);
      rebuild();
    },
    end(node, number) {
      const changes = byNode.get(node);
      const change = changes?.get(number);
      if (changes === undefined || change === undefined) return undefined;
      changes.delete(number);
      if (changes.size === 0) byNode.delete(node);
      rebuild();
      return change;
    },
    endNode(node) {
      const changes = [...(byNode.get(node)?.values() ?? [])];
      if (byNode.delete(node)) rebuild();
      return changes;
    },
    endAllBut(node) {
      for (const other of byNode.keys()) if (other !== node) byNode.delete(other);
      rebuild();
    },
    current: () => union,
  };
}
