/*
 * For tests only: runs a seccomp filter over one system call, as the kernel's classic BPF would.
 */
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <string.h>

/* The answer, or UINT32_MAX for a program that the kernel would refuse. out_steps: instructions executed; may be NULL.
 */
static inline uint32_t seccomp_interpret(const struct sock_filter *code, uint32_t count,
					 const struct seccomp_data *data, uint32_t *out_steps)
{
	uint32_t a = 0, steps = 0;
	for (uint32_t at = 0; at < count; at++) {
		const struct sock_filter *op = &code[at];
		steps++;
		switch (op->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (op->k % 4 || op->k + 4 > sizeof *data)
				return UINT32_MAX;
			memcpy(&a, (const char *)data + op->k, 4);
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= op->k;
			break;
		case BPF_JMP | BPF_JA:
			at += op->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			at += a == op->k ? op->jt : op->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			at += a >= op->k ? op->jt : op->jf;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			at += a > op->k ? op->jt : op->jf;
			break;
		case BPF_RET | BPF_K:
			if (out_steps)
				*out_steps = steps;
			return op->k;
		default:
			return UINT32_MAX;
		}
	}
	return UINT32_MAX;
}
