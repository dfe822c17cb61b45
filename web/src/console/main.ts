import './console-element'
