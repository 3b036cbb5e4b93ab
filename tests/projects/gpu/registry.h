#pragma once

/* Units without an external name make themselves known here. */
inline int (*registered_functions[8])();
inline int registered_count;

struct Register {
    explicit Register(int (*function)())
    {
        registered_functions[registered_count++] = function;
    }
};
