import { migrateService } from '@homeroom/chassis';
import { migrations } from './config.ts';

await migrateService({ service: 'enrollment', migrations });
