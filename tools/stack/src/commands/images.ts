import '../../../images/src/main.ts';
