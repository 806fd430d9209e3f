/** The axios client that everything outgoing shares: no proxy, no redirect, no body read, no status an error. */
import axios, { type AxiosInstance } from 'axios';
import { directAdapter } from './direct-adapter';

export function openAxios(): AxiosInstance {
  const client = axios.create({
    adapter: directAdapter,
    // A proxy would see the credentials of plain requests, and would make "never sent" unknowable.
    proxy: false,
    maxRedirects: 0,
    maxBodyLength: -1,
    maxContentLength: -1,
    responseType: 'stream',
    validateStatus: () => true,
    transformRequest: [],
    transformResponse: [],
  });
  // Whoever sends names all headers; merging axios' own into every request costs as much as a small request's other work.
  client.defaults.headers = {} as typeof client.defaults.headers;
  return client;
}

/** What is inside an axios error; its own code where the inner one has none. */
export function rootCause(error: unknown): unknown {
  if (!axios.isAxiosError(error)) return error;
  const { code, message } = (error.cause ?? error) as Partial<NodeJS.ErrnoException>;
  return { code: code ?? error.code, message };
}
