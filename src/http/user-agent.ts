/** `User-Agent` of every request: `durable-lro/1.2.3`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** `package.json` lies two folders above, in `src` as in `dist`. */
function version(): string {
  try {
    const { version: found } = JSON.parse(readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8')) as { version?: string };
    return found ?? '0';
  } catch {
    return '0';
  }
}

export const USER_AGENT = `durable-lro/${version()}`;
