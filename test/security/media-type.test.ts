/** The media type of a body file becomes a header: what is none is refused before anything is sent. */
import { checkInput } from '../../src/schema/operation';

const withType = (contentType: unknown) =>
  checkInput({ submit: { path: '/mapData', bodyFile: { path: 'venue.zip', contentType: contentType as string } } });

test.each(['application/zip', 'text/plain; charset=utf-8', 'application/vnd.api+json', 'multipart/form-data; boundary="a b"'])(
  '%s is one',
  (contentType) => {
    expect(withType(contentType)).toMatchObject({ ok: true });
  },
);

test.each([
  'zip',
  'application/',
  'application/zip\r\nx-injected: 1',
  'application/zip\u0000',
  'application zip',
  'application/zip, text/plain',
  'text/plain; charset',
  `application/${'x'.repeat(300)}`,
  5,
])('%j is none', (contentType) => {
  expect(withType(contentType)).toMatchObject({ ok: false, mistakes: [expect.stringContaining('submit.bodyFile.contentType')] });
});
