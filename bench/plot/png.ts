// SVG to PNG. The font comes with a package, so that the picture is the same on a machine without fonts.
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {Resvg} from '@resvg/resvg-js';
import {FONT} from './svg.ts';

const folder = join(dirname(createRequire(import.meta.url).resolve('dejavu-fonts-ttf/package.json')), 'ttf');
const ZOOM = 1.5;

export const renderPng = (svg: string): Uint8Array =>
  new Resvg(svg, {
    fitTo: {mode: 'zoom', value: ZOOM},
    font: {
      loadSystemFonts: false,
      fontFiles: [join(folder, 'DejaVuSans.ttf'), join(folder, 'DejaVuSans-Bold.ttf')],
      defaultFontFamily: FONT,
    },
  })
    .render()
    .asPng();
