/** Temporal Cloud, where search attributes are registered by its own command lines: its namespaces have no operator service. */
import { NEEDED_TYPE } from './search-attributes';

/** Hosts of Temporal Cloud: of a namespace, of a region, and behind a private link. */
const CLOUD_HOST = /(^|\.)(tmprl\.cloud|api\.temporal\.io)$/i;

/** @param address `host:port` */
export function isTemporalCloud(address: string): boolean {
  const host = address.replace(/^\w+:\/\//, '').replace(/:\d+$/, '');
  return CLOUD_HOST.test(host);
}

/** A way to register them in Temporal Cloud: the commands of one program. */
export interface CloudCommands {
  program: string;
  commands: string[];
}

/** What a person types, with either of the two programs. */
export function cloudCommands(namespace: string, names: readonly string[]): CloudCommands[] {
  if (names.length === 0) return [];
  const where = `--namespace ${namespace}`;
  const attributes = names.map((name) => `--search-attribute "${name}=${NEEDED_TYPE}"`).join(' ');
  return [
    { program: 'tcld', commands: [`tcld namespace search-attributes add ${where} ${attributes}`] },
    {
      program: 'temporal',
      commands: names.map((name) => `temporal cloud namespace search-attribute create ${where} --name ${name} --type ${NEEDED_TYPE}`),
    },
  ];
}

/** What a person does about one that has another type. Temporal Cloud deletes none, but renames. */
export function remedyOf(name: string, namespace: string, cloud: boolean): string {
  if (cloud)
    return `tcld namespace search-attributes rename --namespace ${namespace} --existing-name ${name} --new-name ${name}Before, then lro setup again`;
  return `temporal operator search-attribute remove --namespace ${namespace} --name ${name}, then lro setup again (what is filed under it can no longer be searched)`;
}
