// PDFs as a reader shows them: text and pixels.
import {PDFiumLibrary} from '@hyzyla/pdfium';

export interface ReadPage {
  readonly text: string;
  /** Four bytes a pixel, one pixel a point times `scale`. */
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

export async function readPdf(bytes: Uint8Array, scale = 1): Promise<readonly ReadPage[]> {
  const library = await PDFiumLibrary.init();
  const document = await library.loadDocument(bytes);
  const pages: ReadPage[] = [];
  for (const page of document.pages()) {
    // First: rendering closes the page that the library reads it from.
    const text = page.getText();
    const {data, width, height} = await page.render({scale, render: 'bitmap'});
    pages.push({text, pixels: data, width, height});
  }
  document.destroy();
  library.destroy();
  return pages;
}
