import { importReport } from '@homeroom/csv';

export const rosterReport = importReport.meta({ id: 'RosterReport' });
