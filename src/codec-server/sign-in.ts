/** The page at which a browser gets its cookie: Temporal's Web UI has no token of its own to send where nobody signs in to it. */

/** @param problem is shown above the form */
export function signInPage(problem = ''): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Codec server</title>
<style>body{font:1rem/1.5 system-ui;margin:4rem auto;max-width:28rem;padding:0 1rem}input,button{font:inherit;padding:.4rem}</style>
<h1>Codec server</h1>
<p>With its token this browser may read what Temporal's Web UI shows. In the UI, switch on "Include cross-origin credentials".</p>
${problem === '' ? '' : `<p role="alert"><strong>${problem}</strong></p>`}
<form method="post" action="/sign-in">
<label>Token <input type="password" name="token" autocomplete="current-password" required autofocus></label>
<button>Sign in</button>
</form>
</html>
`;
}

export const SIGNED_IN_PAGE = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Codec server</title><h1>Signed in</h1><p>Reload the page of the Web UI.</p></html>
`;
