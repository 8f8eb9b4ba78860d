/* Refused: a shared object, but without the symbol that the loader looks for. */
#include <flow-exporter/visibility.h>

FX_API int bad_no_symbol(void);

int bad_no_symbol(void)
{
    return 0;
}
