"""What is unusual and worth a journey: worked out beside the requests, answered by people."""
