/** `lro doctor --tokens` against a token service of our own: what it says of each refusal, and what to do about it. */
import { join } from 'node:path';
import { writeConfig } from '../support/config';
import { authorityAnswer } from '../support/entra-authority';
import { runLro } from '../support/lro-command';
import { service, type Service } from '../http/service';

const CA = join(__dirname, '../http/certificates/cert.pem');
const SECRET = 'the-client-secret';

interface Refusal {
  error: string;
  code: number;
  says: string;
}

/** By the connection of the test, which its client id names; in the words of the real service. */
const REFUSALS: Record<string, Refusal> = {
  secret: { error: 'invalid_client', code: 7000215, says: `Invalid client secret provided (${SECRET}).` },
  client: { error: 'unauthorized_client', code: 700016, says: "Application with identifier 'client' was not found in the directory." },
  scope: { error: 'invalid_resource', code: 500011, says: 'The resource principal named a was not found in the tenant.' },
  other: { error: 'invalid_grant', code: 53003, says: 'Access has been blocked by Conditional Access policies.' },
};

interface Check {
  name: string;
  state: string;
  message: string;
  remedy?: string;
}

/** Knows one tenant. */
function authority(): Promise<Service> {
  return service((request, response) => {
    const client = new URLSearchParams(request.body.toString()).get('client_id') ?? '';
    const refusal = REFUSALS[client];
    response.setHeader('content-type', 'application/json');
    if (!request.url.startsWith('/tenant/')) return response.writeHead(400).end(JSON.stringify({ error: 'invalid_tenant' }));
    if (refusal === undefined) return response.end(authorityAnswer(request, () => 'a-token', 3600));
    const described = `AADSTS${refusal.code}: ${refusal.says} Trace ID: 0000 Correlation ID: 1111 Timestamp: 2026-11-27 00:00:00Z`;
    return response.writeHead(401).end(JSON.stringify({ error: refusal.error, error_description: described, error_codes: [refusal.code] }));
  }, true);
}

test('each refusal is told with its reason and a remedy, and no secret', async () => {
  const { port } = await authority();
  const authorityHost = `https://localhost:${port}`;
  const identity = (clientId: string, more: object = {}): { baseUrl: string } & Record<string, unknown> => ({
    baseUrl: 'http://127.0.0.1:1',
    auth: {
      type: 'entra',
      scope: 'a/.default',
      tenantId: 'tenant',
      clientId,
      clientSecret: { env: 'CLIENT_SECRET' },
      authorityHost,
      ...more,
    },
  });
  const config = writeConfig({
    good: identity('good'),
    ...Object.fromEntries(Object.keys(REFUSALS).map((client) => [client, identity(client)])),
    tenant: identity('good', { tenantId: 'nobody' }),
    away: identity('good', { authorityHost: 'https://localhost:1' }),
    nowhere: identity('good', { authorityHost: 'https://no-such-host.invalid' }),
    token: identity('good', { clientSecret: undefined, tokenFile: '/no/such/token' }),
  });
  const env = { CLIENT_SECRET: SECRET, NODE_EXTRA_CA_CERTS: CA, TEMPORAL_ADDRESS: '127.0.0.1:1' };
  const { stdout, stderr, code } = await runLro(['doctor', '--tokens', '--json', '--config', config], env);
  expect({ stderr, code }).toEqual({ stderr: '', code: 3 });
  expect(stdout).not.toContain(SECRET);
  const { checks } = JSON.parse(stdout) as { checks: Check[] };
  const told = Object.fromEntries(
    checks.flatMap(({ name, message, remedy }) => {
      const connection = /^credentials of "(.+)"$/.exec(name)?.[1];
      return connection === undefined ? [] : [[connection, [message, remedy]]];
    }),
  );
  expect(told).toEqual({
    good: ['Microsoft Entra ID gives a token for a/.default', undefined],
    secret: [
      'Microsoft Entra ID refuses: AADSTS7000215: Invalid client secret provided (***).',
      'put a client secret that is valid (its value, not its id) into environment variable CLIENT_SECRET',
    ],
    client: [
      "Microsoft Entra ID refuses: AADSTS700016: Application with identifier 'client' was not found in the directory.",
      'correct clientId, or tenantId: the application has to be in that directory',
    ],
    scope: [
      'Microsoft Entra ID refuses: AADSTS500011: The resource principal named a was not found in the tenant.',
      'correct scope (a/.default): the application id URI of the service, and /.default behind it',
    ],
    other: [
      'Microsoft Entra ID refuses: AADSTS53003: Access has been blocked by Conditional Access policies.',
      'look it up: https://login.microsoftonline.com/error?code=53003',
    ],
    tenant: [`localhost:${port} knows no tenant "nobody"`, 'correct tenantId, or authorityHost for another cloud'],
    away: [
      'Microsoft Entra ID gives no token: nothing listens at localhost:1 (ECONNREFUSED)',
      'start the service, or correct host and port of authorityHost',
    ],
    nowhere: [
      expect.stringMatching(/gives no token: the name no-such-host\.invalid cannot be resolved \((ENOTFOUND|EAI_AGAIN)\)/),
      'correct authorityHost, or the name service of this machine',
    ],
    token: [
      "the token file cannot be read: ENOENT: no such file or directory, open '/no/such/token'",
      'mount the token of the service account there, or correct tokenFile',
    ],
  });
});

test('a certificate of the token service that nobody knows is told as such', async () => {
  const { port } = await authority();
  const auth = { type: 'entra', scope: 'a/.default', tenantId: 'tenant', clientId: 'good', clientSecret: { env: 'CLIENT_SECRET' } };
  const config = writeConfig({ maps: { baseUrl: 'http://127.0.0.1:1', auth: { ...auth, authorityHost: `https://localhost:${port}` } } });
  const env = { CLIENT_SECRET: SECRET, NODE_EXTRA_CA_CERTS: undefined, TEMPORAL_ADDRESS: '127.0.0.1:1' };
  const { stdout } = await runLro(['doctor', '--tokens', '--config', config], env);
  expect(stdout).toMatch(
    /gives no token: the certificate of localhost:\d+ is refused \(\w+\)\n +→ name the CA in NODE_EXTRA_CA_CERTS, or correct authorityHost/,
  );
});

test('a managed identity is asked where there is one, and its absence is told', async () => {
  const { url, seen } = await service((_, response) => {
    response.setHeader('content-type', 'application/json');
    const expires_on = String(Math.floor(Date.now() / 1000) + 3600);
    response.end(JSON.stringify({ access_token: 'of-the-identity', expires_on, resource: 'a', token_type: 'Bearer' }));
  });
  const config = writeConfig({ maps: { baseUrl: 'http://127.0.0.1:1', auth: { type: 'entra', scope: 'a/.default' } } });
  const none = { PATH: '/nowhere', HOME: '/nowhere', TEMPORAL_ADDRESS: '127.0.0.1:1' };
  const doctor = (env: NodeJS.ProcessEnv): ReturnType<typeof runLro> =>
    runLro(['doctor', '--tokens', '--config', config], { ...none, ...env });
  const found = await doctor({ IDENTITY_ENDPOINT: `${url}/msi/token`, IDENTITY_HEADER: 'a-header' });
  expect(found.stdout).toMatch(/ok +credentials of "maps" +Microsoft Entra ID gives a token for a\/\.default/);
  expect(seen[0]).toMatchObject({ method: 'GET', headers: { 'x-identity-header': 'a-header' } });
  const absent = await doctor({});
  expect(absent.stdout).toMatch(
    /FAIL +credentials of "maps" +Microsoft Entra ID gives no token: ChainedTokenCredential authentication failed\./,
  );
  expect(absent.stdout).toMatch(
    /→ run it where there is a managed identity or a workload identity, sign in \(az login\), or name tenantId/,
  );
});
