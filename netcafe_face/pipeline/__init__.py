"""Use cases: recognition of frames, identification, verification, enrolment, seats and visits."""
