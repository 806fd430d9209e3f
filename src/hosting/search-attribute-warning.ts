/** One warning where lists of operations cannot be filtered, because search attributes are not registered. */
import type { Logger } from 'pino';
import { findSearchAttributes, isUsable, type SetupConnection } from '../setup';
import { reasonOf } from '../text/reason';

/** Everything works without them, so a server that does not say is no problem. Never throws. */
export async function warnOfMissingSearchAttributes(connection: SetupConnection, namespace: string, log: Logger): Promise<void> {
  try {
    const found = await findSearchAttributes(connection, namespace);
    const missing = found.filter((one) => !isUsable(one));
    if (missing.length === 0) return;
    const named = missing.map(({ name, type }) => (type === undefined ? name : `${name} (registered as ${type}, not Keyword)`));
    log.warn(
      { namespace, missing: named },
      `search attributes are missing: ${named.join(', ')}. Operations run, but lists cannot be filtered by them; "lro setup" registers them`,
    );
  } catch (err) {
    log.debug({ reason: reasonOf(err) }, 'whether the search attributes are registered is not known');
  }
}
