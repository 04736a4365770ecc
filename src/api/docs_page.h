/* The page at /docs, compiled in from docs_page.html. */
#ifndef CW_API_DOCS_PAGE_H
#define CW_API_DOCS_PAGE_H

/* HTML, UTF-8, ended by a zero byte. */
extern const char cw_docs_page[];

#endif
