#pragma once
// Marks what the shared library exports: the namespaces of the headers in include/limbeck, and nothing else.
#if defined(__GNUC__)
#define LIMBECK_API __attribute__((visibility("default")))
#else
#define LIMBECK_API
#endif
