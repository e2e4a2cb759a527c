#include <unistd.h>

#include "cli/cli.h"

int main(int argc, char **argv)
{
    return ord_cli_main(argc, argv, environ);
}
