/*
 * The C library's look-ups by name, for the static program. Nothing in it calls them: ldns would, for record types that
 * are printed or parsed as text, and OpenSSL for connections
 * and modules. Linked statically each would ask for the shared C
 * library.
 */
#include <netdb.h>
#include <stddef.h>

const void *DSO_METHOD_openssl(void); /* how OpenSSL loads libraries */
const void *DSO_METHOD_openssl(void)
{
	return NULL;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **out_list)
{
	(void)name;
	(void)service;
	(void)hints;
	(void)out_list;
	return EAI_FAIL;
}

void freeaddrinfo(struct addrinfo *list)
{
	(void)list;
}

struct hostent *gethostbyname(const char *name)
{
	(void)name;
	return NULL;
}

struct protoent *getprotobyname(const char *name)
{
	(void)name;
	return NULL;
}

struct protoent *getprotobynumber(int number)
{
	(void)number;
	return NULL;
}

void endprotoent(void)
{
}

struct servent *getservbyname(const char *name, const char *protocol)
{
	(void)name;
	(void)protocol;
	return NULL;
}

struct servent *getservbyport(int port, const char *protocol)
{
	(void)port;
	(void)protocol;
	return NULL;
}

void endservent(void)
{
}
