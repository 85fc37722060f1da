package hostile

import (
	"testing"

	"chatme/internal/testbed"
)

func TestMain(m *testing.M) { testbed.Main(m) }
