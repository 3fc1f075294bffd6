#!/bin/sh
echo "a test in $(hostname)"
