/** The codec server. */
export { TOKEN_FILE_VARIABLE, TOKEN_VARIABLE, tokensOf } from './access';
export { openCodecServer } from './server';
