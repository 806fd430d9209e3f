/** The generated connections, as a file that the worker reads. */
import { Document, isMap, type YAMLMap } from 'yaml';
import type { Auth } from './connection';
import type { DialectMap } from './dialect';
import { commentOf } from './plain-text';

export interface PlannedConnection {
  name: string;
  baseUrl: string;
  query: Record<string, string>;
  auth: Auth;
  dialect?: DialectMap;
  /** For people, above the connection. */
  notes: string[];
}

/** @param source name of the specification's file */
export function configFile(connections: readonly PlannedConnection[], source: string): string {
  const file = {
    connections: Object.fromEntries(
      connections.map(({ name, baseUrl, query, auth, dialect }) => [
        name,
        {
          baseUrl,
          ...(Object.keys(query).length === 0 ? {} : { query }),
          auth,
          ...(dialect === undefined ? {} : { dialect: withoutEmpty(dialect) }),
        },
      ]),
    ),
  };
  const document = new Document(file, { aliasDuplicateObjects: false });
  document.commentBefore = ` Written by \`lro generate\` from ${commentOf(source)}. docs/configuration.md has all that can stand here.`;
  for (const { name, notes } of connections) {
    const map = document.getIn(['connections', name], true) as YAMLMap;
    if (notes.length > 0) map.commentBefore = notes.map((note) => ` ${commentOf(note)}`).join('\n');
    const auth: unknown = map.get('auth', true);
    if (isMap(auth)) auth.flow = true;
  }
  return document.toString({ lineWidth: 0 });
}

function withoutEmpty(dialect: DialectMap): Record<string, string | string[]> {
  return Object.fromEntries((Object.entries(dialect) as [string, string | string[]][]).filter(([, value]) => value.length > 0));
}
