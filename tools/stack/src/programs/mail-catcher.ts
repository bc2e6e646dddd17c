import { startMailCatcher } from '../mail-catcher/mail-catcher.ts';
import { endOnSignal, setting } from './program.ts';

const catcher = await startMailCatcher({
  host: setting('HOST'),
  smtpPort: Number(setting('SMTP_PORT')),
  httpPort: Number(setting('PORT')),
  dataFile: setting('DATA_FILE'),
});
endOnSignal(() => catcher.close());
