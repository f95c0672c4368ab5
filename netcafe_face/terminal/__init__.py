"""What the program's and the trainer's command lines share: lazy commands, help, messages, exit codes."""
