	.section .rodata
	.global hello_bytes, hello_bytes_size
	.balign 16
hello_bytes:
	.incbin HELLO_FILE
.Lend:
	.balign 8
hello_bytes_size:
	.quad .Lend - hello_bytes
	.section .note.GNU-stack,"",%progbits
