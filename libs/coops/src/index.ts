export { coopConsumer } from './copy-coop.ts';
export { Directory, type Coop } from './directory.ts';
export { hostName } from './host-name.ts';
export { coopsPlugin, requireCoop } from './plugin.ts';
export { openServiceDirectory } from './service-directory.ts';
export { coopJson, lockCoops, readCoops, saveCoop } from './store.ts';
