// Runs inside the build, on the final image's Node: starts every program once without configuration, which loads all its modules
// and then fails, and keeps V8's code cache. Node looks the cache up by user id, so it runs as the image's user.
import { spawnSync } from 'node:child_process';
import { chownSync, copyFileSync, globSync, mkdirSync } from 'node:fs';

const cache = '/app/.compile-cache';
const libraries = '/app/native';
const user = { uid: 65532, gid: 65532 };

// the password hash links this part of glibc (empty since 2.34), which bases smaller than distroless leave out
mkdirSync(libraries);
if (globSync('/{usr/,}lib{64,/*,}/librt.so.1').length === 0)
  copyFileSync('/spare/librt.so.1', `${libraries}/librt.so.1`);

mkdirSync(cache);
chownSync(cache, user.uid, user.gid);
for (const program of globSync(['services/*/dist/{api,worker,migrate}.js', 'apps/*/dist/*.js'], { cwd: '/app' })) {
  const { signal, stderr } = spawnSync(process.execPath, [program], {
    cwd: '/app',
    env: { NODE_ENV: 'production', NODE_COMPILE_CACHE: cache, LD_LIBRARY_PATH: libraries },
    encoding: 'utf8',
    timeout: 30_000,
    ...user,
  });
  if (signal !== null || /ERR_MODULE_NOT_FOUND|ERR_DLOPEN_FAILED|Cannot find module/.test(stderr)) {
    throw new Error(`${program} does not load:\n${stderr}`);
  }
}
