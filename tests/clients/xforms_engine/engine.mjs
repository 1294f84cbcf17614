// ODK Web Forms' engine outside a browser: the page's classes from jsdom, files from a folder.
import * as buffers from 'node:buffer';
import { webcrypto } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { JSDOM } from 'jsdom';

// Classes of a page that Node.js lacks. Those it has (fetch, File, FormData) stay its own.
const OF_A_PAGE = /^(DOM|XML|Node|Element|Document|Attr|Text|Comment|CDATA|Named|HTML|Character|Processing|XPath|document$)/;
const { window } = new JSDOM('');
for (const name of Object.getOwnPropertyNames(window)) {
  if (OF_A_PAGE.test(name) && !(name in globalThis)) {
    globalThis[name] = window[name];
  }
}
// Node.js 18, of Debian 12, keeps these apart.
globalThis.File ??= buffers.File;
globalThis.crypto ??= webcrypto;
// Its WebAssembly parser takes Node.js for a place of CommonJS modules.
globalThis.require = createRequire(import.meta.url);
globalThis.__dirname = dirname(fileURLToPath(import.meta.url));

const { loadForm } = await import('@getodk/xforms-engine');
const TYPES = { '.csv': 'text/csv', '.xml': 'text/xml', '.geojson': 'application/geo+json' };

/** Loads a form as the page does; what lies beside it is looked for in a folder. */
export async function load(path, folder) {
  const loaded = await loadForm(readFileSync(path, 'utf8'), {
    fetchFormAttachment: async (url) => {
      const file = join(folder, basename(url.pathname));
      if (!existsSync(file)) {
        return new Response('', { status: 404 });
      }
      const headers = { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' };
      return new Response(readFileSync(file), { headers });
    },
  });
  if (loaded.status === 'failure') {
    throw new Error(`the form cannot be loaded: ${loaded.error.message}`, { cause: loaded.error });
  }
  return loaded;
}
