/* What starting a static program costs. */
int
main(void)
{
    return 0;
}
